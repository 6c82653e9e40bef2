import { dump } from 'js-yaml';

/** A kubeconfig that points at the server, as YAML. */
export function kubeconfigYaml(url: string, token: string | undefined): string {
  const name = 'kube-memory';
  return dump({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster: { server: url } }],
    users: [{ name, user: token === undefined ? {} : { token } }],
    contexts: [{ name, context: { cluster: name, user: name, namespace: 'default' } }],
    'current-context': name,
  });
}
