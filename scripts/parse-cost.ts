/**
 * What it costs to parse a page of the real node_exporter, against the page before and by the format's parser alone, in CPU of this
 * thread; and for comparison, what it costs to look at its bytes one by one. Needs Debian's prometheus-node-exporter.
 *
 *     node scripts/parse-cost.ts [PAGES, default 8, a second apart]
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { TextParser } from '../src/exposition/text-parser.ts';
import { PageParser, type PageReader } from '../src/scraper/page.ts';
import { runNodeExporter } from '../src/testing/node-exporter.ts';

const GOES = 20;
const PAGES_PER_GO = 300;
const NEWLINE = 10;

const pages = await pagesOfNodeExporter(Number(process.argv[2] ?? 8));
const text = new TextDecoder().decode(pages[0]);
const samples = text.match(/^[^#]/gm)!.length;
console.log(`node_exporter   ${pages.length} pages a second apart, ${samples} samples, ${text.length} bytes`);

const parser = new PageParser(1);
const reader: PageReader = { series: () => 0, help() {}, type() {}, unit() {}, exemplar() {} };
measure('predicted', (page) => {
  for (const _ of parser.parse(page, new TextParser(page), reader, () => false));
});
measure('parser alone', (page) => {
  const alone = new TextParser(page);
  while (alone.next() !== 'end');
});
let lines = 0;
measure('bytes alone', (page) => {
  for (let i = 0; i < page.length; i++) if (page[i] === NEWLINE) lines++;
  if (lines === 0) throw new Error('a page without a line');
});

async function pagesOfNodeExporter(count: number): Promise<Uint8Array[]> {
  await using exporter = await runNodeExporter();
  const taken: Uint8Array[] = [];
  while (taken.length < count) {
    await sleep(1000);
    taken.push(new TextEncoder().encode(await exporter.page()));
  }
  return taken;
}

/** Others on the machine only ever add to the figure: the least of many goes says most. */
function measure(what: string, run: (page: Uint8Array) => void): void {
  const go = (): number => {
    const before = process.threadCpuUsage();
    for (let i = 0; i < PAGES_PER_GO; i++) run(pages[i % pages.length]!);
    const { user, system } = process.threadCpuUsage(before);
    return ((user + system) * 1000) / PAGES_PER_GO / samples;
  };
  for (let i = 0; i < 3; i++) go();
  const ns = Array.from({ length: GOES }, go).sort((a, b) => a - b);
  console.log(
    `${what.padEnd(15)} ${ns[0]!.toFixed(1)} ns per sample at least, median ${ns[GOES / 2]!.toFixed(1)}`,
  );
}
