import { PROMETHEUS_LEVEL, VERSION } from '../version.ts';
import { type FlagSpec, parseArgs } from './args.ts';
import { type CliIo, EXIT } from './io.ts';

/** What the build knows of itself, beside the program: `build.json`. */
interface Build {
  readonly revision: string;
  /** Time of the commit, so that the same source gives the same text. */
  readonly date: string;
}

export const VERSION_FLAGS: readonly FlagSpec[] = [
  { names: ['licenses'], kind: 'boolean', help: 'licences of everything inside' },
  { names: ['sbom'], kind: 'boolean', help: 'bill of materials, CycloneDX JSON' },
];

/** `belfry version`. @param asset text of a file that the build put beside the program; throws in a checkout */
export async function version(
  argv: readonly string[],
  io: CliIo,
  asset: (name: string) => string,
): Promise<number> {
  const args = parseArgs(argv, VERSION_FLAGS);
  try {
    if (args.switches.get('licenses')) io.stdout(asset('licenses.txt'));
    else if (args.switches.get('sbom')) io.stdout(asset('sbom.json'));
    else io.stdout(versionText(buildOf(asset)));
    return EXIT.ok;
  } catch {
    io.stderr('belfry: only the built executable carries this: npm run build\n');
    return EXIT.failed;
  }
}

function buildOf(asset: (name: string) => string): Build | undefined {
  try {
    return JSON.parse(asset('build.json')) as Build;
  } catch {
    return undefined;
  }
}

/** First line in upstream's shape, then what it runs on. */
function versionText(build: Build | undefined): string {
  return [
    `belfry, version ${VERSION}${build ? ` (revision: ${build.revision})` : ''}`,
    ...(build ? [`  build date:       ${build.date}`] : []),
    `  prometheus:       ${PROMETHEUS_LEVEL} (API and PromQL)`,
    `  node:             ${process.version}`,
    `  platform:         ${process.platform}/${process.arch}`,
    '',
  ].join('\n');
}
