import { expect, test } from 'vitest';
import { ByteWriter } from '../../encoding/bytes.ts';
import type { Histogram } from '../../model/histogram.ts';
import { labelsFromObject } from '../../model/labels.ts';
import { fakeClock } from '../../testing/fake-clock.ts';
import { silentLog } from '../../testing/silent-log.ts';
import { Head } from '../head/head.ts';
import { definitionWriter } from './definitions.ts';
import { writeExemplar } from './exemplars.ts';
import type { LogDb } from './log-db.ts';
import { replayLog } from './replay.ts';

const HISTOGRAM: Histogram = {
  schema: 0,
  count: 3,
  sum: 4.5,
  zeroThreshold: 0.001,
  zeroCount: 1,
  positiveSpans: [{ offset: 0, length: 1 }],
  positiveBuckets: [2],
  negativeSpans: [],
  negativeBuckets: [],
  counterResetHint: 'unknown',
  customValues: [],
};

const hex = (writer: ByteWriter): string => Buffer.from(writer.view()).toString('hex');

function emptyHead() {
  const records = new ByteWriter();
  const definitions = new ByteWriter();
  const exemplars = new ByteWriter();
  const head = new Head(
    1,
    {
      records,
      definitions: definitionWriter(definitions),
      exemplar: (exemplar) => writeExemplar(exemplars, exemplar),
      seq: 7,
      touch() {},
    },
    undefined,
    10,
  );
  return { head, records, definitions, exemplars };
}

/** One of each kind of record, entry and definition. */
function written() {
  const log = emptyHead();
  const { head } = log;
  const named = (i: string) => labelsFromObject({ __name__: 'm', i });
  const source = head.source('a');
  const [zero, one, two] = ['0', '1', '2'].map((i) => source.slot(named(i))) as [number, number, number];
  source.begin(100_000);
  source.set(zero, 1);
  source.set(one, -0);
  source.setHistogram(two, HISTOGRAM);
  source.setStart(zero, 90_000);
  source.exemplar(zero, { labels: labelsFromObject({ trace: 'abc' }), value: 5, timestamp: 99_000 });
  source.commit();
  source.begin(101_000);
  source.set(zero, 3);
  source.set(one, 0.1);
  source.commit();
  source.begin(10_000);
  source.set(one, 2);
  source.commit();
  head.append(named('3'), 99_500, 1.5, 50_000);
  head.appendHistogram(named('3'), 99_600, HISTOGRAM);
  head.appendStale(named('3'), 99_700);
  head.setMetadata('m', { type: 'counter', help: 'How many.', unit: '' });
  head.reserveRefs(5);
  return log;
}

const GOLDEN = {
  definitions:
    '0101000161020101010200085f5f6e616d655f5f00016d0001690001300202010202020304000131020301030202030400013202040000020203040502050000020203040602060000020203040001330403010009486f77206d616e792e0000050c02',
  records:
    '07010100a0fe0a010100c09a0c050206000000000000008006190000003148fa7f2000000000000000124006fca9f1d24d62503f0201000101040002010190aa0c0504069a9999999999b93f07000404a09c0103050000000000000000400a01a09c01020009a08d060306b8f60a000000000000f83f0806c801192000000000000000124006fca9f1d24d62503f0201000101040406c801',
  exemplars: '0100000000802bf84000000000000014400a05747261636503616263',
};

test('golden bytes of the log are what is written', () => {
  const log = written();
  expect({
    definitions: hex(log.definitions),
    records: hex(log.records),
    exemplars: hex(log.exemplars),
  }).toEqual(GOLDEN);
});

test('golden bytes of the log, as a process before wrote them, are read', () => {
  const bytes = (text: string): Uint8Array => Buffer.from(text, 'hex');
  const db = {
    file: 'log.db',
    definitions: () => [bytes(GOLDEN.definitions)].values(),
    records: () => [{ seq: 7, records: bytes(GOLDEN.records) }].values(),
    exemplars: () => [bytes(GOLDEN.exemplars)].values(),
  } as unknown as LogDb;
  const again = emptyHead();
  expect(replayLog(db, again.head, silentLog(), fakeClock())).toMatchObject({ series: 6, damaged: 0 });
  // All that the head holds, in the order in which it notes it once more.
  again.head.relog();
  expect(hex(again.records)).toBe(
    '07010100a0fe0a010100c09a0c050206000000000000008006190000003148fa7f2000000000000000124006fca9f1d24d62503f0201000101040002010190aa0c0504069a9999999999b93f07000a01a09c0102000404a09c01030500000000000000004009a08d060306b8f60a000000000000f83f0806c801192000000000000000124006fca9f1d24d62503f0201000101040406c801',
  );
  const before = written();
  expect(again.head.counters).toEqual(before.head.counters);
  expect([...again.head.metadata]).toEqual([...before.head.metadata]);
  expect(again.head.exemplars.size).toBe(1);
});
