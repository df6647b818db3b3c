import { linesOf } from './host-files.ts';

export interface Mount {
  readonly device: string;
  readonly mountPoint: string;
  readonly fsType: string;
  readonly isReadOnly: boolean;
}

/** Reads a mounts file of /proc. What is mounted twice in one place is listed once. */
export function parseMounts(text: string): Mount[] {
  const mounts = new Map<string, Mount>();
  for (const line of linesOf(text)) {
    const [device = '', mountPoint = '', fsType = '', options = ''] = line.split(' ').map(unescapeOctal);
    const mount: Mount = { device, mountPoint, fsType, isReadOnly: options.split(',').includes('ro') };
    mounts.set(JSON.stringify([device, mountPoint, fsType]), mount);
  }
  return [...mounts.values()];
}

/** The kernel writes blanks, newlines and backslashes as three octal digits. */
function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}
