import { describeConfig } from '@atoll/runtime';
import type { Command } from 'commander';

/** What `atoll help config` prints. */
export function configHelp(): string {
  const settings = describeConfig().map(({ name, preset, about }) => {
    const value = preset === undefined ? '' : ` (${preset})`;
    return `${name}${value}\n    ${about.replaceAll('`', '')}\n`;
  });
  return `Every setting is an environment variable. Defaults are in brackets.\n\n${settings.join('\n')}`;
}

/** `atoll help`, `atoll help up`, `atoll help config` */
export function explainTopic(program: Command, topic: string | undefined, write: (text: string) => void): void {
  if (topic === undefined) return program.help();
  if (topic === 'config') return write(configHelp());
  const command = program.commands.find((candidate) => candidate.name() === topic);
  if (command === undefined) return program.error(`error: there is no command "${topic}"; atoll --help lists them`);
  command.help();
}
