import { controllerDefaults, type ControllerOptions } from '../../src/main/controller-options.ts';

/** What a controller is started with in a test: on loopback, on ports that nobody else has, and without long waits. */
export function testOptions(kubeconfig: string): ControllerOptions {
  return {
    ...controllerDefaults(),
    kubeconfig,
    metricsHost: '127.0.0.1',
    metricsPort: 0,
    healthzPort: 0,
    weightVerificationMinDelay: 100,
  };
}
