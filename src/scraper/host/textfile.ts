import { TextParser } from '../../exposition/text-parser.ts';
import type { Family, FamilySample } from '../../exposition/text-writer.ts';
import { gauge } from './host-collector.ts';
import type { HostFiles } from './host-files.ts';

/** Bytes of all files together; what cron jobs write is short. */
const MAX_BYTES = 4 * 2 ** 20;

/** What stands in `*.prom` files of a folder, as node_exporter's textfile collector takes it. */
export interface TextfileCollector {
  /** @throws Error when the folder cannot be read */
  collect(): { readonly families: readonly Family[]; readonly text: string };
}

/** @param report says of a file why it is left out */
export function textfileCollector(
  files: HostFiles,
  directory: string,
  report: (file: string, problem: string) => void,
): TextfileCollector {
  return {
    collect() {
      const names = files.list(directory);
      if (!names) throw new Error(`no such folder: ${directory}`);
      const times: FamilySample[] = [];
      let text = '';
      let hasProblem = false;
      for (const name of names.filter((one) => one.endsWith('.prom')).sort()) {
        const file = `${directory}/${name}`;
        try {
          const content = files.read(file);
          check(content);
          if (text.length + content.length > MAX_BYTES)
            throw new Error(`more than ${MAX_BYTES} bytes of metrics`);
          text += content.endsWith('\n') ? content : `${content}\n`;
          times.push({ labels: ['file', file], value: files.modifiedMs(file) / 1000 });
        } catch (error) {
          hasProblem = true;
          report(file, (error as Error).message);
        }
      }
      return {
        families: [
          gauge('node_textfile_mtime_seconds', 'When a file of metrics was last written.', times),
          gauge(
            'node_textfile_scrape_error',
            'Whether a file of metrics could not be taken.',
            hasProblem ? 1 : 0,
          ),
        ],
        text,
      };
    },
  };
}

/** @throws Error when the page cannot be read, or brings times of its own */
function check(content: string): void {
  const parser = new TextParser(new TextEncoder().encode(content.endsWith('\n') ? content : `${content}\n`));
  for (let kind = parser.next(); kind !== 'end'; kind = parser.next()) {
    if (kind === 'sample' && !Number.isNaN(parser.timestamp)) {
      throw new Error('expected samples without timestamps');
    }
  }
}
