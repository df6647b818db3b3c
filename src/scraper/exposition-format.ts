import type { ScrapeProtocol } from '../config/global.ts';
import { OpenMetricsParser } from '../exposition/open-metrics-parser.ts';
import type { ExpositionParser } from '../exposition/parser.ts';
import { TextParser } from '../exposition/text-parser.ts';

export type ExpositionFormat = 'text' | 'openmetrics';

interface Protocol {
  readonly format: ExpositionFormat;
  readonly mediaType: string;
  /** Whether its version knows escaping schemes. */
  readonly escaping: boolean;
}

/** Protocols we can read. */
const PROTOCOLS: Partial<Record<ScrapeProtocol, Protocol>> = {
  'OpenMetricsText1.0.0': {
    format: 'openmetrics',
    mediaType: 'application/openmetrics-text;version=1.0.0',
    escaping: true,
  },
  'OpenMetricsText0.0.1': {
    format: 'openmetrics',
    mediaType: 'application/openmetrics-text;version=0.0.1',
    escaping: false,
  },
  'PrometheusText1.0.0': { format: 'text', mediaType: 'text/plain;version=1.0.0', escaping: true },
  'PrometheusText0.0.4': { format: 'text', mediaType: 'text/plain;version=0.0.4', escaping: false },
};

/** The Accept header: the protocols in the order wanted, those we cannot read left out. */
export function acceptHeader(protocols: readonly ScrapeProtocol[], escaping: string): string {
  const readable = protocols.flatMap((protocol) => PROTOCOLS[protocol] ?? []);
  let quality = readable.length + 1;
  const parts = readable.map(({ mediaType, escaping: isEscaped }) => {
    return `${mediaType}${isEscaped ? `;escaping=${escaping}` : ''};q=0.${quality--}`;
  });
  return [...parts, `*/*;q=0.${quality}`].join(',');
}

/**
 * The format of a page by its Content-Type.
 * @throws Error when there is none we can read and no fallback
 */
export function formatOf(contentType: string, fallback: ScrapeProtocol | undefined): ExpositionFormat {
  const mediaType = contentType.split(';', 1)[0]!.trim().toLowerCase();
  if (mediaType === 'text/plain') return 'text';
  if (mediaType === 'application/openmetrics-text') return 'openmetrics';
  const format = fallback && PROTOCOLS[fallback]?.format;
  if (format) return format;
  const got = contentType === '' ? 'none' : JSON.stringify(contentType.slice(0, 100));
  throw new Error(
    `expected a Content-Type that can be read (text/plain, application/openmetrics-text), got ${got}, and there is no fallback_scrape_protocol`,
  );
}

export function parserOf(format: ExpositionFormat, page: Uint8Array): ExpositionParser {
  return format === 'text' ? new TextParser(page) : new OpenMetricsParser(page);
}
