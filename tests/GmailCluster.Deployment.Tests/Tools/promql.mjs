// node promql.mjs TOOLS-FOLDER < EXPRESSIONS: parses each line with Prometheus' own grammar, prints the lines that are not PromQL.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(process.argv[2] + '/package.json');
const { parser } = require('@prometheus-io/lezer-promql');

let broken = 0;
for (const line of readFileSync(0, 'utf8').split('\n')) {
  const cursor = parser.parse(line).cursor();
  do {
    if (cursor.type.isError) {
      console.log(`column ${cursor.from + 1} of: ${line}`);
      broken++;
      break;
    }
  } while (cursor.next());
}
process.exit(broken ? 1 : 0);
