import http from 'node:http';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fuzzCases } from '../testing/fuzz-cases.ts';
import { rawTarget } from '../testing/http-target.ts';
import { PageAnswer } from './page-answer.ts';
import { PageBuffers } from './page-buffers.ts';

const buffers = new PageBuffers();

interface Outcome {
  readonly progress: string;
  readonly body?: string;
  readonly keeps?: boolean;
}

/** What becomes of an answer that comes in these pieces. */
function read(pieces: readonly string[], limitBytes = 1000): Outcome {
  const answer = new PageAnswer(limitBytes, 0, buffers);
  for (const [i, piece] of pieces.entries()) {
    const bytes = Buffer.from(piece, 'latin1');
    const progress = answer.push(bytes);
    bytes.fill(0);
    if (progress === 'odd') return { progress };
    if (progress === 'done') {
      if (i < pieces.length - 1) return { progress: 'done early' };
      return { progress, body: Buffer.from(answer.take()).toString('latin1'), keeps: answer.keepsConnection };
    }
  }
  return { progress: 'more' };
}

const head = (...lines: string[]): string => ['HTTP/1.1 200 OK', ...lines, '', ''].join('\r\n');

const COUNTED = `${head('Content-Type: text/plain', 'content-length: 8')}a 1\nb 2\n`;
const CHUNKED = `${head('Transfer-Encoding: chunked')}4\r\na 1\n\r\nA\r\nb 2\nccc 3\n\r\n0\r\n\r\n`;

test.each([
  ['with a length', COUNTED, 'a 1\nb 2\n'],
  ['in chunks', CHUNKED, 'a 1\nb 2\nccc 3\n'],
  ['that is empty', head('Content-Length: 0'), ''],
  ['without a reason', 'HTTP/1.1 200\r\nContent-Length: 1\r\n\r\nx', 'x'],
])('a body %s, whatever pieces it comes in', (_, text, body) => {
  expect(read([text])).toEqual({ progress: 'done', body, keeps: true });
  expect(read([...text])).toEqual({ progress: 'done', body, keeps: true });
  for (let cut = 1; cut < text.length; cut++) {
    expect(read([text.slice(0, cut), text.slice(cut)])).toEqual({ progress: 'done', body, keeps: true });
    expect(read([text.slice(0, cut)])).toEqual({ progress: 'more' });
  }
});

test.each([
  ['HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx', false],
  ['HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx', false],
  ['HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\nx', false],
  ['HTTP/1.1 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 1\r\n\r\nx', true],
  ['HTTP/1.1 200 OK\r\nConnection: keep-alive, close\r\nContent-Length: 1\r\n\r\nx', false],
])('the connection of %j is kept: %s', (text, keeps) => {
  expect(read([text])).toEqual({ progress: 'done', body: 'x', keeps });
});

test.each([
  ['another protocol', 'SSH-2.0-OpenSSH\r\n'],
  ['another version', 'HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n'],
  ['a status of four digits', 'HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n'],
  ['an answer before the answer', 'HTTP/1.1 100 Continue\r\n\r\n'],
  ['a redirect', 'HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n'],
  ['neither length nor chunks', `${head('Content-Type: text/plain')}a 1\n`],
  ['length and chunks', `${head('Content-Length: 4', 'Transfer-Encoding: chunked')}0\r\n\r\n`],
  ['two lengths', `${head('Content-Length: 1', 'Content-Length: 2')}xx`],
  ['the same length twice', `${head('Content-Length: 1', 'Content-Length: 1')}x`],
  ['a length with a sign', `${head('Content-Length: +1')}x`],
  ['a length in hexadecimal', `${head('Content-Length: 0x1')}x`],
  ['a list of lengths', `${head('Content-Length: 1, 1')}x`],
  ['no length in the length', `${head('Content-Length:')}x`],
  ['another transfer encoding', `${head('Transfer-Encoding: gzip, chunked')}0\r\n\r\n`],
  ['a packed body', `${head('Content-Encoding: gzip', 'Content-Length: 1')}x`],
  ['a folded header', `${head('X-Long: a', ' b', 'Content-Length: 0')}`],
  ['a space before the colon', `${head('Content-Length : 1')}x`],
  ['a header without a name', `${head(': x', 'Content-Length: 0')}`],
  ['a header without a colon', `${head('Nonsense', 'Content-Length: 0')}`],
  ['a bare line feed', 'HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n'],
  ['a bare carriage return', `${head('X: a\rb', 'Content-Length: 0')}`],
  ['a zero byte', `${head('X: a\0b', 'Content-Length: 0')}`],
  ['something after the body', `${COUNTED}HTTP/1.1 200 OK\r\n`],
  ['something after the last chunk', `${CHUNKED}x`],
  ['a chunk extension', `${head('Transfer-Encoding: chunked')}1;a=b\r\nx\r\n0\r\n\r\n`],
  ['a chunk without a length', `${head('Transfer-Encoding: chunked')}\r\nx`],
  ['a chunk with a negative length', `${head('Transfer-Encoding: chunked')}-1\r\nx`],
  ['a chunk longer than any', `${head('Transfer-Encoding: chunked')}100000000000\r\nx`],
  ['a chunk longer than it says', `${head('Transfer-Encoding: chunked')}1\r\nxy\r\n0\r\n\r\n`],
  ['a chunk ended by a line feed', `${head('Transfer-Encoding: chunked')}1\nx\n0\n\n`],
  ['a trailer', `${head('Transfer-Encoding: chunked')}0\r\nX: y\r\n\r\n`],
  ['a head without end', `HTTP/1.1 200 OK\r\n${'X-Y: z\r\n'.repeat(3000)}`],
  ['a head that is too long', `${head(`X: ${'y'.repeat(17_000)}`, 'Content-Length: 0')}`],
])('%s is left to a full client', (_, text) => {
  expect(read([text])).toEqual({ progress: 'odd' });
  const pieces = text.length < 1000 ? [...text] : text.slice(0, 20_000).match(/.{1,5}/gs)!;
  const inPieces = read(pieces);
  expect(['odd', 'done early']).toContain(inPieces.progress);
  expect(inPieces.progress === 'done early').toBe(text.startsWith(COUNTED) || text.startsWith(CHUNKED));
});

test('a status that is no page', () => {
  expect(() => read(['HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n'])).toThrow(
    'server returned HTTP status 503 Service Unavailable',
  );
  expect(() => read(['HTTP/1.1 404\r\n\r\n'])).toThrow(/^server returned HTTP status 404$/);
});

test('a body that is too long, announced or not', () => {
  const problem = 'body size limit exceeded: the page has 10 bytes or more';
  expect(() => read([head('Content-Length: 10')], 10)).toThrow(problem);
  const chunked = `${head('Transfer-Encoding: chunked')}6\r\nabcdef\r\n6\r\nabcdef\r\n0\r\n\r\n`;
  expect(() => read([chunked], 10)).toThrow(problem);
  expect(() => read([chunked], 12)).toThrow('the page has 12 bytes or more');
  expect(read([chunked], 13)).toMatchObject({ progress: 'done' });
});

test('many blanks in a header cost no time', () => {
  const text = head(`X: a${' '.repeat(15_000)}b${'\t'.repeat(500)}`, 'Content-Length: 0');
  const before = process.threadCpuUsage();
  expect(read([text])).toMatchObject({ progress: 'done' });
  const { user, system } = process.threadCpuUsage(before);
  expect((user + system) / 1000).toBeLessThan(50);
});

test('what is read from a damaged answer is what a full client reads', async () => {
  let text = '';
  await using target = await rawTarget((socket) => socket.end(text, 'latin1'));
  const full = (): Promise<string> =>
    new Promise((resolve) => {
      const request = http.get({ port: target.port, agent: false }, (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('end', () =>
          resolve(`${response.statusCode} ${Buffer.concat(parts).toString('latin1')}`),
        );
        response.on('error', () => resolve('error'));
      });
      request.on('error', () => resolve('error'));
    });
  let accepted = 0;
  const piece = fc.constantFrom(
    ...['\r\n', '\r', '\n', '0', '8', '4\r\n', ' ', ':', 'a 1\n', ';', 'x'],
    ...['Content-Length: 4\r\n', 'Transfer-Encoding: chunked\r\n', 'Connection: close\r\n', '\0', '\x80'],
  );
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(COUNTED, CHUNKED),
      fc.nat(130),
      fc.nat(4),
      fc.option(piece, { freq: 2 }),
      async (answer, at, removed, added) => {
        text = answer.slice(0, at) + (added ?? '') + answer.slice(at + removed);
        let mine: Outcome;
        try {
          mine = read([text]);
        } catch {
          return;
        }
        if (mine.progress !== 'done') return;
        accepted++;
        expect(await full()).toBe(`200 ${mine.body}`);
      },
    ),
    { numRuns: fuzzCases(1500), ...(process.env.SEED ? { seed: Number(process.env.SEED) } : {}) },
  );
  expect(accepted).toBeGreaterThan(100);
});
