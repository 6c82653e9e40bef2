import { Client, targetOfKubeconfig, type ContractTarget, type Json } from './api-server/client.ts';
import { contractSuite } from './api-server/suite.ts';

const kubeconfig = process.env['HEADGATE_TEST_KUBECONFIG'];

if (kubeconfig !== undefined && kubeconfig !== '') {
  contractSuite('the API server of HEADGATE_TEST_KUBECONFIG', async () => {
    const target: ContractTarget = { ...targetOfKubeconfig(kubeconfig), collectsGarbage: false };
    return { target: { ...target, collectsGarbage: await runsControllers(target) }, stop: () => Promise.resolve() };
  });
}

/** Whether a controller manager holds its lease at the moment. */
async function runsControllers(target: ContractTarget): Promise<boolean> {
  const client = new Client(target, 'probe');
  const { status, body } = await client.get(
    '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/kube-controller-manager',
  );
  const lease: Json = body;
  return status === 200 && Date.parse(lease.spec.renewTime) > Date.now() - LEASE_MS;
}

const LEASE_MS = 60_000;
