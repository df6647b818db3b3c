import { PageBody } from './page-body.ts';
import type { PageBuffers } from './page-buffers.ts';

const CR = 0x0d;
const LF = 0x0a;
/** As much as Node's own client reads of a head. */
const MAX_HEAD_BYTES = 16 * 1024;
const MAX_CHUNK_DIGITS = 8;
const START_OF_HEAD = Buffer.from('HTTP/1.');
const END_OF_HEAD = Buffer.from('\r\n\r\n');
const STATUS_LINE = /^HTTP\/1\.([01]) (\d{3})(?: ([\t\x20-\x7e\x80-\xff]*))?$/;
const HEADER_LINE = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):([\t\x20-\x7e\x80-\xff]*)$/;

/** What has become of an answer: it goes on, it is all there, or it is none that this reader is for. */
export type AnswerProgress = 'more' | 'done' | 'odd';

interface Head {
  readonly status: number;
  readonly reason: string;
  readonly contentType: string;
  /** Undefined when the body comes in chunks. */
  readonly contentLength: number | undefined;
  readonly keepsConnection: boolean;
}

/**
 * Reads the answer to one GET: a plain 200 whose body has a length or comes in chunks, exactly as RFC 9112 writes it. Everything
 * else, be it legal or broken, is odd and left to Node's own client: a redirect, an encoding, a trailer, a body that ends with the
 * connection, a line that does not end as it should.
 */
export class PageAnswer {
  readonly #limitBytes: number;
  readonly #expectedBytes: number;
  readonly #buffers: PageBuffers;
  /** The part of the head that came in before, when it did not come at once. */
  #headPart: Buffer | undefined;
  #head: Head | undefined;
  #body: PageBody | undefined;
  /** Bytes missing from the body or from the chunk. */
  #missing = 0;
  #chunk: 'size' | 'sizeEnd' | 'data' | 'dataEnd' | 'dataEndLf' | 'last' | 'lastLf' = 'size';
  #sizeDigits = 0;
  #hasStarted = false;

  /** @param expectedBytes how long a body in chunks may get, from experience */
  constructor(limitBytes: number, expectedBytes: number, buffers: PageBuffers) {
    this.#limitBytes = limitBytes;
    this.#expectedBytes = expectedBytes;
    this.#buffers = buffers;
  }

  /** Whether anything came in. */
  get hasStarted(): boolean {
    return this.#hasStarted;
  }

  get contentType(): string {
    return this.#head!.contentType;
  }

  /** Whether another request may be sent on the connection, once this answer is all there. */
  get keepsConnection(): boolean {
    return this.#head?.keepsConnection ?? false;
  }

  /** The body, which belongs to the taker; when the answer is all there. */
  take(): Uint8Array {
    const body = this.#body!;
    this.#body = undefined;
    return body.take();
  }

  /** Gives the memory back when nobody takes the body. */
  discard(): void {
    this.#body?.discard();
    this.#body = undefined;
  }

  /**
   * Reads what came in; the bytes may change afterwards.
   * @throws Error for a status other than 200, BodyLimitError for a body that is too long
   */
  push(bytes: Buffer): AnswerProgress {
    this.#hasStarted = true;
    if (this.#head) return this.#readBody(bytes, 0);
    const whole = this.#headPart ? Buffer.concat([this.#headPart, bytes]) : bytes;
    const end = whole.indexOf(END_OF_HEAD);
    if (end > MAX_HEAD_BYTES || (end < 0 && whole.length > MAX_HEAD_BYTES)) return 'odd';
    const start = START_OF_HEAD.subarray(0, whole.length);
    if (!whole.subarray(0, start.length).equals(start)) return 'odd';
    if (end < 0) {
      this.#headPart = Buffer.from(whole);
      return 'more';
    }
    this.#headPart = undefined;
    const head = readHead(whole.toString('latin1', 0, end));
    if (head === undefined) return 'odd';
    if (head.status !== 200)
      throw new Error(`server returned HTTP status ${head.status} ${head.reason}`.trim());
    this.#head = head;
    const { contentLength } = head;
    this.#body = new PageBody(this.#limitBytes, this.#expectedBytes, this.#buffers, contentLength);
    this.#missing = contentLength ?? 0;
    return this.#readBody(whole, end + END_OF_HEAD.length);
  }

  #readBody(bytes: Buffer, from: number): AnswerProgress {
    if (this.#head!.contentLength === undefined) return this.#readChunks(bytes, from);
    const to = Math.min(bytes.length, from + this.#missing);
    this.#body!.append(bytes.subarray(from, to));
    this.#missing -= to - from;
    if (this.#missing > 0) return 'more';
    return to === bytes.length ? 'done' : 'odd';
  }

  #readChunks(bytes: Buffer, from: number): AnswerProgress {
    for (let at = from; at < bytes.length; ) {
      const byte = bytes[at]!;
      switch (this.#chunk) {
        case 'size': {
          at++;
          const digit = hexDigit(byte);
          if (digit >= 0) {
            if (++this.#sizeDigits > MAX_CHUNK_DIGITS) return 'odd';
            this.#missing = this.#missing * 16 + digit;
          } else if (byte === CR && this.#sizeDigits > 0) this.#chunk = 'sizeEnd';
          else return 'odd';
          break;
        }
        case 'sizeEnd':
          at++;
          if (byte !== LF) return 'odd';
          this.#sizeDigits = 0;
          this.#chunk = this.#missing > 0 ? 'data' : 'last';
          break;
        case 'data': {
          const to = Math.min(bytes.length, at + this.#missing);
          this.#body!.append(bytes.subarray(at, to));
          this.#missing -= to - at;
          at = to;
          if (this.#missing === 0) this.#chunk = 'dataEnd';
          break;
        }
        case 'dataEnd':
          at++;
          if (byte !== CR) return 'odd';
          this.#chunk = 'dataEndLf';
          break;
        case 'dataEndLf':
          at++;
          if (byte !== LF) return 'odd';
          this.#chunk = 'size';
          break;
        case 'last':
          at++;
          if (byte !== CR) return 'odd';
          this.#chunk = 'lastLf';
          break;
        case 'lastLf':
          return byte === LF && at + 1 === bytes.length ? 'done' : 'odd';
      }
    }
    return 'more';
  }
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

/** Undefined for a head of an odd answer. */
function readHead(text: string): Head | undefined {
  const lines = text.split('\r\n');
  const status = STATUS_LINE.exec(lines[0]!);
  if (!status) return undefined;
  const code = Number(status[2]);
  if (code < 200 || (code >= 300 && code < 400)) return undefined;
  let contentType: string | undefined;
  let contentLength: number | undefined;
  let isChunked = false;
  let keepsConnection = status[1] === '1';
  for (let i = 1; i < lines.length; i++) {
    const header = HEADER_LINE.exec(lines[i]!);
    if (!header) return undefined;
    const value = header[2]!.trim();
    switch (header[1]!.toLowerCase()) {
      case 'content-length':
        if (contentLength !== undefined || !/^\d{1,15}$/.test(value)) return undefined;
        contentLength = Number(value);
        break;
      case 'transfer-encoding':
        if (isChunked || value.toLowerCase() !== 'chunked') return undefined;
        isChunked = true;
        break;
      case 'content-encoding':
        if (value !== '' && value.toLowerCase() !== 'identity') return undefined;
        break;
      case 'content-type':
        contentType ??= value;
        break;
      case 'connection':
        keepsConnection &&= value.toLowerCase() === 'keep-alive';
        break;
    }
  }
  const hasLength = contentLength !== undefined;
  if (code === 200 && hasLength === isChunked) return undefined;
  const reason = (status[3] ?? '').trim();
  return { status: code, reason, contentType: contentType ?? '', contentLength, keepsConnection };
}
