import { UsageError } from './cli/args.ts';
import { EXIT } from './cli/io.ts';
import { processIo, serve, usageText } from './serve.ts';
import { serverWords } from './server-words.ts';

// What the executable runs as a server. The commands stand in a bundle of their own (`main.ts`): none of it is in a server's memory.
const io = processIo();
const served = serve(serverWords(process.argv.slice(2), process.argv0) ?? [], io).catch((error: unknown) => {
  if (!(error instanceof UsageError)) throw error;
  io.stderr(usageText(error, 'serve'));
  return EXIT.usage;
});
void served.then((code) => {
  process.exitCode = code;
});
