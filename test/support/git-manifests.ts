/** Manifests as a team would write them, with comments that a revert has to keep. */
export function rolloutYaml(
  options: { readonly image?: string; readonly replicas?: number; readonly name?: string; readonly env?: string } = {},
): string {
  const { image = 'shop:v1', replicas = 2, name = 'shop', env = 'blue' } = options;
  return `# The shop; ask the shop team before you change it.
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata:
  name: ${name}
spec:
  replicas: ${replicas} # enough for a quiet day
  selector:
    matchLabels: {app: ${name}}
  template:
    metadata:
      labels: {app: ${name}}
    spec:
      containers:
        - name: app
          image: ${image} # {"$imagepolicy": "shop:shop"}
          env:
            - {name: COLOUR, value: ${env}}
  strategy:
    canary:
      stableService: ${name}-stable
      canaryService: ${name}-canary
      trafficRouting:
        plugins:
          argoproj-labs/gatewayAPI: {httpRoute: ${name}, namespace: shop}
      steps:
        - setWeight: 20
        - pause: {}
`;
}

export function serviceYaml(name: string, app = 'shop'): string {
  return `apiVersion: v1
kind: Service
metadata:
  name: ${name}
spec:
  selector: {app: ${app}}
  ports:
    - {port: 80, targetPort: 8080}
`;
}

export function routeYaml(name = 'shop'): string {
  return `apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata:
  name: ${name}
spec:
  parentRefs:
    - name: gateway
  rules:
    - backendRefs:
        - {name: ${name}-stable, port: 80, weight: 100}
        - {name: ${name}-canary, port: 80, weight: 0}
`;
}

export function configMapYaml(name: string, value: string): string {
  return `apiVersion: v1
kind: ConfigMap
metadata:
  name: ${name}
data:
  value: "${value}"
`;
}

export function shopFiles(): Record<string, string> {
  return {
    'README.md': '# Shop\n',
    'app/rollout.yaml': rolloutYaml(),
    'app/services.yaml': `${serviceYaml('shop-stable')}---\n${serviceYaml('shop-canary')}`,
    'app/route.yaml': routeYaml(),
    'app/settings.yaml': configMapYaml('settings', 'one'),
  };
}
