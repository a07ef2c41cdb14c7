import { describeConfig } from './config.js';

/** The configuration table of the README, in Markdown. */
export function configTable(): string {
  const rows = describeConfig().map(({ name, preset, about }) => {
    return `| \`${name}\` | ${preset === undefined ? '' : `\`${preset}\``} | ${about} |`;
  });
  return ['| Name | Default | What it is |', '| --- | --- | --- |', ...rows].join('\n');
}
