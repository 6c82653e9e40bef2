import type { CallGuard } from '../../src/adapters/kube/client.ts';
import { SILENT_LOG } from '../../src/adapters/telemetry/silent.ts';
import type { ControllerOptions } from '../../src/main/controller-options.ts';
import { startController, type RunningController } from '../../src/main/run-controller.ts';
import { metricLines } from './metric-lines.ts';
import { sharedGuard } from './shared-guard.ts';
import { testOptions } from './test-options.ts';

/** One of several controllers that share the objects, in this process, and what it writes. */
export interface Member {
  readonly controller: RunningController;
  /** Names of the Rollouts whose status it has written, each as often as it has. */
  readonly written: readonly string[];
  /** Calls so far, `verb plural`. */
  readonly calls: readonly string[];
  /** A series of its metrics page. */
  metric(name: string): Promise<string>;
}

/** Looks often, so that a test need not wait; holds for long, so that a busy machine costs nobody a Lease. */
const LEASES: Partial<ControllerOptions> = {
  leaderElectionLeaseDuration: 20_000,
  leaderElectionRenewDeadline: 15_000,
  leaderElectionRetryPeriod: 300,
};

export async function startMember(kubeconfig: string, wishes: Partial<ControllerOptions> = {}): Promise<Member> {
  const written: string[] = [];
  const calls: string[] = [];
  const guard: CallGuard = {
    check: (call) => {
      sharedGuard.check(call);
      calls.push(`${call.verb} ${call.kind.plural}`);
      if (call.kind.plural === 'rollouts' && call.subresource === 'status' && call.verb === 'patch')
        written.push(call.name ?? '');
    },
    used: () => sharedGuard.used(),
  };
  const options = { ...testOptions(kubeconfig), sharding: true, ...LEASES, ...wishes };
  const controller = await startController(options, SILENT_LOG, guard);
  await controller.whenActing();
  return {
    controller,
    written,
    calls,
    metric: async (name) => {
      const [line] = await metricLines(controller, name);
      return line?.slice(line.lastIndexOf(' ') + 1) ?? '';
    },
  };
}
