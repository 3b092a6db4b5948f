/** What the page asks of the worker that reads SAEs, and what comes back. */

export type ReaderRequest =
  | { readonly kind: "open"; readonly file: Blob; readonly name: string }
  | { readonly kind: "read"; readonly text: string };

/** One for each request, in order. */
export type ReaderReply =
  | { readonly kind: "opened"; readonly sae: LoadedSae }
  | {
      readonly kind: "latents";
      readonly tokens: readonly TokenLatents[];
      /** Tokens read, where the text has more. */ readonly cutAt?: number;
    }
  | { readonly kind: "failed"; readonly problem: string };

/** What a packed file says of itself. */
export interface LoadedSae {
  readonly name: string;
  readonly variant: string;
  readonly dIn: number;
  readonly dSae: number;
  readonly stages: number;
  /** Per weight, scales included. */
  readonly encoderBits: number;
  readonly dictionaryBits: number;
  readonly bytes: number;
  /** Measured when it was written. */
  readonly metrics: Readonly<Record<string, number>>;
}

export interface TokenLatents {
  readonly piece: string;
  /** All that fire, the strongest first. */
  readonly latents: readonly { readonly latent: number; readonly value: number }[];
}
