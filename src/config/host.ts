import * as z from 'zod';
import { duration, filePath, labelMap, regex, text } from './leaves.ts';

/** Built-in host metrics, under node_exporter's names. `host: {}` switches them on. */
export const hostConfig = z.strictObject({
  scrape_interval: duration()
    .optional()
    .describe('Time between collections; `global.scrape_interval` unless given.'),
  job_name: text().default('node').describe('The label `job`.'),
  instance: text().optional().describe('The label `instance`; the host name unless given.'),
  labels: labelMap().default({}).describe('More labels of these series.'),
  filesystem: z
    .strictObject({
      mount_points_exclude: regex()
        .default('^/(dev|proc|run/credentials/.+|sys|var/lib/docker/.+|var/lib/containers/storage/.+)($|/)')
        .describe('Mount points left out.'),
      fs_types_exclude: regex()
        .default(
          '^(autofs|binfmt_misc|bpf|cgroup2?|configfs|debugfs|devpts|devtmpfs|fusectl|hugetlbfs|iso9660|mqueue|nsfs|overlay|proc|procfs|pstore|rpc_pipefs|securityfs|selinuxfs|squashfs|erofs|sysfs|tracefs)$',
        )
        .describe('File system types left out.'),
    })
    .prefault({})
    .describe('File systems.'),
  disk: z
    .strictObject({
      devices_exclude: regex()
        .default('^(z?ram|loop|fd|(h|s|v|xv)d[a-z]|nvme\\d+n\\d+p)\\d+$')
        .describe('Block devices left out.'),
    })
    .prefault({})
    .describe('Block devices.'),
  network: z
    .strictObject({
      devices_exclude: regex().default('').describe('Network interfaces left out; empty is none.'),
    })
    .prefault({})
    .describe('Network interfaces.'),
  textfile: z
    .strictObject({
      directory: filePath()
        .optional()
        .describe('Folder whose `*.prom` files are taken too, such as those that cron jobs write.'),
    })
    .prefault({})
    .describe('Metrics that others write into files.'),
});
type HostKeys = z.output<typeof hostConfig>;

export interface HostConfig extends Omit<HostKeys, 'scrape_interval'> {
  readonly scrape_interval: number;
}
