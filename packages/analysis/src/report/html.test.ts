import fc from "fast-check";
import { parseHTML } from "linkedom";
import { describe, expect, it } from "vitest";
import { Html, html } from "./html.ts";

describe("html", () => {
  it("escapes strings and keeps markup", () => {
    expect(html`<b title="${`"'<>&`}">${"<i>"}${html`<br />`}</b>`.toString()).toBe(
      `<b title="&quot;&#39;&lt;&gt;&amp;">&lt;i&gt;<br /></b>`,
    );
  });

  it("joins lists and leaves out what is absent", () => {
    expect(html`${[1, "<", html`<hr />`, [undefined, false]]}|${undefined}|${0}`.toString()).toBe("1&lt;<hr />||0");
  });

  it("lets no string out of its place", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const { document } = parseHTML(
          `<body>${html`<p>${text}</p>
            <a title="${text}"></a>`.toString()}</body>`,
        );
        expect([...document.querySelectorAll("body *")].map((element) => element.localName)).toEqual(["p", "a"]);
        expect(document.querySelector("p")!.textContent).toBe(text);
      }),
    );
  });

  it("knows its own markup only by type", () => {
    expect(html`${new Html("<u>")}`.toString()).toBe("<u>");
    expect(html`${"<u>"}`.toString()).toBe("&lt;u&gt;");
  });
});
