import { dump } from 'js-yaml';
import { policyRules } from '../src/adapters/kube/permissions.ts';
import { cliPage, controllerOptionsPage } from './generate-cli.ts';
import { generateCrds } from './generate-crds.ts';
import { gitSourcePage } from './generate-gitsource.ts';
import { metricsPage } from './generate-metrics.ts';
import { statechartPage } from './generate-statechart.ts';
import { supportPage } from './generate-support.ts';

/** Path and text of every file in the repository that is made from the code. */
export function generatedFiles(): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  for (const [name, text] of generateCrds()) {
    files.set(`crds/${name}`, text);
    files.set(`charts/headgate/files/crds/${name}`, text);
  }
  files.set('charts/headgate/files/rules.yaml', rules(policyRules('watched')));
  files.set('charts/headgate/files/rules-namespaced.yaml', rules(policyRules('watched', { namespacedOnly: true })));
  const versioned = policyRules('watched', { feature: 'versionedConfig' });
  files.set('charts/headgate/files/rules-versioned-config.yaml', rules(versioned));
  files.set('charts/headgate/files/rules-own.yaml', rules([...policyRules('lease'), ...policyRules('own')]));
  files.set('charts/headgate/files/rules-lease.yaml', rules(policyRules('lease')));
  files.set('docs/reference/cli.md', cliPage());
  files.set('docs/reference/controller-options.md', controllerOptionsPage());
  files.set('docs/reference/gitsource.md', gitSourcePage());
  files.set('docs/reference/metrics.md', metricsPage());
  files.set('docs/reference/rollout-support.md', supportPage());
  files.set('docs/reference/statechart.md', statechartPage());
  return files;
}

function rules(list: readonly unknown[]): string {
  return dump({ rules: list }, { lineWidth: 120, flowLevel: 3 });
}
