import dgram from 'node:dgram';
import { once } from 'node:events';

export type Zone = Record<
  string,
  Partial<Record<'A' | 'AAAA' | 'SRV' | 'MX' | 'NS', readonly string[]>> | 'SERVFAIL'
>;

const TYPES: Readonly<Record<number, 'A' | 'AAAA' | 'SRV' | 'MX' | 'NS'>> = {
  1: 'A',
  2: 'NS',
  15: 'MX',
  28: 'AAAA',
  33: 'SRV',
};
const SERVFAIL = 2;
const NXDOMAIN = 3;

/** A DNS server over UDP that knows one zone, which may be changed while it runs. SRV is written `priority weight port target`. */
export async function dnsServer(zone: Zone) {
  const asked: string[] = [];
  const socket = dgram.createSocket('udp4');
  socket.on('message', (query, peer) => {
    const { name, end } = readName(query, 12);
    const type = query.readUInt16BE(end);
    asked.push(`${name} ${TYPES[type]}`);
    const known = zone[name];
    const records = known === undefined || known === 'SERVFAIL' ? [] : (known[TYPES[type]!] ?? []);
    const code = known === 'SERVFAIL' ? SERVFAIL : known === undefined ? NXDOMAIN : 0;
    const header = Buffer.alloc(12);
    query.copy(header, 0, 0, 2);
    header.writeUInt16BE(0x8180 | code, 2);
    header.writeUInt16BE(1, 4);
    header.writeUInt16BE(records.length, 6);
    const question = query.subarray(12, end + 4);
    socket.send(
      Buffer.concat([header, question, ...records.map((text) => record(type, text))]),
      peer.port,
      peer.address,
    );
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return {
    address: `127.0.0.1:${socket.address().port}`,
    asked,
    async [Symbol.asyncDispose]() {
      socket.close();
      await once(socket, 'close');
    },
  };
}

function readName(message: Buffer, from: number): { name: string; end: number } {
  const parts: string[] = [];
  let at = from;
  for (let length = message[at]!; length > 0; length = message[at]!) {
    parts.push(message.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: parts.join('.').toLowerCase(), end: at + 1 };
}

function writeName(name: string): Buffer {
  const parts = name.split('.').map((part) => Buffer.concat([Buffer.from([part.length]), Buffer.from(part)]));
  return Buffer.concat([...parts, Buffer.from([0])]);
}

function record(type: number, text: string): Buffer {
  const data = recordData(type, text);
  const head = Buffer.alloc(12);
  head.writeUInt16BE(0xc00c, 0);
  head.writeUInt16BE(type, 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt32BE(60, 6);
  head.writeUInt16BE(data.length, 10);
  return Buffer.concat([head, data]);
}

function recordData(type: number, text: string): Buffer {
  const numbers = (words: string[]): Buffer => {
    const bytes = Buffer.alloc(words.length * 2);
    for (const [index, word] of words.entries()) bytes.writeUInt16BE(Number(word), index * 2);
    return bytes;
  };
  switch (TYPES[type]) {
    case 'A':
      return Buffer.from(text.split('.').map(Number));
    case 'AAAA':
      return Buffer.from(
        text
          .split(':')
          .map((part) => part.padStart(4, '0'))
          .join(''),
        'hex',
      );
    case 'NS':
      return writeName(text);
    default: {
      const words = text.split(' ');
      return Buffer.concat([numbers(words.slice(0, -1)), writeName(words.at(-1)!)]);
    }
  }
}
