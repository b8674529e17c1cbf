// What the providers here have in common: they say where they are, take commands, and end with their standard input.

import { createInterface } from "node:readline";

// Standard output is for answers alone; whatever a package has to say goes elsewhere.
console.log = console.info = console.debug = console.error;

export function say(answer) {
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}

// Each line is a command, by its name; its answer is one line of JSON.
export async function obey(commands) {
  for await (const line of createInterface({ input: process.stdin })) {
    const command = commands[line.trim()];
    say(command ? await command() : { error: `no such command: ${line}` });
  }
  process.exit(0);
}
