import type { ReadStream } from 'node:tty';

/** Reads a secret: from a person without showing it, else the first line of standard input. */
export type ReadSecret = (prompt: string) => Promise<string>;

const CTRL_C = '\u0003';
const CTRL_D = '\u0004';
const BACKSPACE = /[\b\u007f]/;

/** @param say writes to the person, beside the output */
export function secretReader(stdin: ReadStream, say: (text: string) => void): ReadSecret {
  return (prompt) => (stdin.isTTY ? fromPerson(stdin, prompt, say) : firstLine(stdin));
}

async function firstLine(stdin: ReadStream): Promise<string> {
  let text = '';
  for await (const chunk of stdin.setEncoding('utf8')) {
    text += chunk;
    if (text.includes('\n')) break;
  }
  return text.split(/\r?\n/)[0]!;
}

function fromPerson(stdin: ReadStream, prompt: string, say: (text: string) => void): Promise<string> {
  say(prompt);
  stdin.setRawMode(true);
  stdin.setEncoding('utf8');
  stdin.resume();
  return new Promise((resolve, reject) => {
    let text = '';
    const end = (): void => {
      stdin.off('data', onData);
      stdin.setRawMode(false);
      stdin.pause();
      say('\n');
    };
    const onData = (chunk: string | Buffer): void => {
      for (const letter of String(chunk)) {
        if (letter === '\r' || letter === '\n' || letter === CTRL_D) {
          end();
          resolve(text);
          return;
        }
        if (letter === CTRL_C) {
          end();
          reject(new Error('interrupted'));
          return;
        }
        text = BACKSPACE.test(letter) ? text.slice(0, -1) : text + letter;
      }
    };
    stdin.on('data', onData);
  });
}
