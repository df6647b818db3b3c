import type { ScrapeProtocol } from '../config/global.ts';
import { OpenMetricsParser } from '../exposition/open-metrics-parser.ts';
import type { ExpositionParser } from '../exposition/parser.ts';
import { TextParser } from '../exposition/text-parser.ts';

export type TextFormat = 'text' | 'openmetrics';
export type ExpositionFormat = TextFormat | 'protobuf';

interface Protocol {
  readonly format: ExpositionFormat;
  readonly mediaType: string;
  /** Whether its version knows escaping schemes. */
  readonly escaping: boolean;
}

const PROTOCOLS: Readonly<Record<ScrapeProtocol, Protocol>> = {
  PrometheusProto: {
    format: 'protobuf',
    mediaType: 'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited',
    escaping: false,
  },
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

const FORMATS: Readonly<Record<string, ExpositionFormat>> = {
  'text/plain': 'text',
  'application/openmetrics-text': 'openmetrics',
  'application/vnd.google.protobuf': 'protobuf',
};

/** The Accept header as upstream writes it: the protocols in the order wanted, then anything. */
export function acceptHeader(protocols: readonly ScrapeProtocol[], escaping: string): string {
  let weight = Object.keys(PROTOCOLS).length + 1;
  const parts = protocols.map((protocol) => {
    const { mediaType, escaping: isEscaped } = PROTOCOLS[protocol];
    return `${mediaType}${isEscaped ? `;escaping=${escaping}` : ''};q=0.${weight--}`;
  });
  return [...parts, `*/*;q=0.${weight}`].join(',');
}

/**
 * The format of a page by its Content-Type; the fallback's when there is none that can be read.
 * @throws Error, in upstream's words, when there is no fallback either
 */
export function formatOf(contentType: string, fallback: ScrapeProtocol | undefined): ExpositionFormat {
  const type = mediaTypeOf(contentType);
  const format = type && Object.hasOwn(FORMATS, type.name) ? FORMATS[type.name] : undefined;
  if (type && format) {
    if (format === 'protobuf' && (type.parameters.get('encoding') ?? 'delimited') !== 'delimited') {
      throw new Error(
        `expected protobuf with encoding=delimited, got Content-Type ${JSON.stringify(contentType.slice(0, 200))}`,
      );
    }
    return format;
  }
  if (fallback) return PROTOCOLS[fallback].format;
  const got = JSON.stringify(contentType.slice(0, 200));
  if (contentType === '') {
    throw new Error(
      'non-compliant scrape target sending blank Content-Type and no fallback_scrape_protocol specified for target',
    );
  }
  throw new Error(
    type
      ? `received unsupported Content-Type ${got} and no fallback_scrape_protocol specified for target`
      : `cannot parse Content-Type ${got} and no fallback_scrape_protocol for target`,
  );
}

const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const MEDIA_TYPE = new RegExp(`^\\s*(${TOKEN}(?:/${TOKEN})?)\\s*(?:;|$)`);
const PARAMETER = new RegExp(`\\s*(${TOKEN})\\s*=\\s*(?:(${TOKEN})|"((?:[^"\\\\]|\\\\.)*)")\\s*(?:;|$)`, 'y');

/** Undefined when it is none, as Go's mime.ParseMediaType has it. */
function mediaTypeOf(
  text: string,
): { readonly name: string; readonly parameters: ReadonlyMap<string, string> } | undefined {
  const head = MEDIA_TYPE.exec(text);
  if (!head) return undefined;
  const parameters = new Map<string, string>();
  PARAMETER.lastIndex = head[0].length;
  while (PARAMETER.lastIndex < text.length) {
    const from = PARAMETER.lastIndex;
    const parameter = PARAMETER.exec(text);
    if (!parameter) {
      if (text.slice(from).trim() === '') break;
      return undefined;
    }
    const name = parameter[1]!.toLowerCase();
    if (parameters.has(name)) return undefined;
    parameters.set(name, parameter[2] ?? parameter[3]!);
  }
  return { name: head[1]!.toLowerCase(), parameters };
}

export function parserOf(format: TextFormat, page: Uint8Array): ExpositionParser {
  return format === 'text' ? new TextParser(page) : new OpenMetricsParser(page);
}
