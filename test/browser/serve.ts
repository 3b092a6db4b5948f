/** A tiny web server for one page. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export interface Site {
  readonly address: string;
  close(): Promise<void>;
}

const html = `<!doctype html><title>QSAE</title><link rel="icon" href="data:,"><script type="module" src="/page.js"></script>`;

/** Serves scripts by path, and at `/` a page that runs `/page.js`. `headers` go with every answer. */
export async function serve(
  scripts: ReadonlyMap<string, string>,
  headers: Readonly<Record<string, string>>,
): Promise<Site> {
  const server = createServer(({ url = "/" }, response) => {
    const script = scripts.get(url);
    if (url === "/") response.writeHead(200, { ...headers, "content-type": "text/html" }).end(html);
    else if (script === undefined) response.writeHead(404, headers).end();
    else response.writeHead(200, { ...headers, "content-type": "text/javascript" }).end(script);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
