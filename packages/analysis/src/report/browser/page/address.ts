/** Which latent a page's address names: `#sae-1/latent-123`. */
export interface LatentAddress {
  /** Of the SAE's section. */
  readonly sae: string;
  readonly latent: number;
}

export function hashOf({ sae, latent }: LatentAddress): string {
  return `#${sae}/latent-${latent}`;
}

export function addressIn(hash: string): LatentAddress | undefined {
  const [, sae, digits] = /^#(.+)\/latent-(\d{1,9})$/.exec(hash) ?? [];
  return sae === undefined || digits === undefined ? undefined : { sae, latent: Number(digits) };
}
