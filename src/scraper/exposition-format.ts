import type { ScrapeProtocol } from '../config/global.ts';
import type { ExpositionParser } from '../exposition/parser.ts';
import { TextParser } from '../exposition/text-parser.ts';

export type ExpositionFormat = 'text';

/** Protocols we can read, and how each is asked for. */
const MEDIA_TYPES: Partial<Record<ScrapeProtocol, { readonly type: string; readonly escaping: boolean }>> = {
  'PrometheusText1.0.0': { type: 'text/plain;version=1.0.0', escaping: true },
  'PrometheusText0.0.4': { type: 'text/plain;version=0.0.4', escaping: false },
};

/** The Accept header: the protocols in the order wanted, those we cannot read left out. */
export function acceptHeader(protocols: readonly ScrapeProtocol[], escaping: string): string {
  const parts: string[] = [];
  let quality = protocols.length + 1;
  for (const protocol of protocols) {
    const media = MEDIA_TYPES[protocol];
    if (media) parts.push(`${media.type}${media.escaping ? `;escaping=${escaping}` : ''};q=0.${quality}`);
    quality--;
  }
  return [...parts, `*/*;q=0.${quality}`].join(',');
}

/**
 * The format of a page by its Content-Type.
 * @throws Error when there is none we can read and no fallback
 */
export function formatOf(contentType: string, fallback: ScrapeProtocol | undefined): ExpositionFormat {
  const mediaType = contentType.split(';', 1)[0]!.trim().toLowerCase();
  if (mediaType === 'text/plain') return 'text';
  if (fallback && MEDIA_TYPES[fallback]) return 'text';
  const got = contentType === '' ? 'none' : JSON.stringify(contentType.slice(0, 100));
  throw new Error(
    `expected a Content-Type that can be read (text/plain), got ${got}, and there is no fallback_scrape_protocol`,
  );
}

export function parserOf(_format: ExpositionFormat, page: Uint8Array): ExpositionParser {
  return new TextParser(page);
}
