/** The restricted Pod Security Standard (kubernetes.io/docs/concepts/security/pod-security-standards). */
import * as z from 'zod';

const absent = z.undefined().optional();

const container = z.looseObject({
  securityContext: z.looseObject({
    allowPrivilegeEscalation: z.literal(false),
    readOnlyRootFilesystem: z.literal(true),
    privileged: absent,
    runAsNonRoot: z.literal(true).optional(),
    runAsUser: z.int().positive().optional(),
    capabilities: z.strictObject({ drop: z.tuple([z.literal('ALL')]) }),
  }),
  ports: z.array(z.looseObject({ hostPort: absent })),
});

const volume = z.union(
  ['emptyDir', 'configMap', 'secret', 'persistentVolumeClaim', 'projected', 'downwardAPI'].map(
    (source) => z.strictObject({ name: z.string(), [source]: z.looseObject({}) }),
  ),
);

const podSpec = z.looseObject({
  hostNetwork: absent,
  hostPID: absent,
  hostIPC: absent,
  automountServiceAccountToken: z.literal(false),
  securityContext: z.looseObject({
    runAsNonRoot: z.literal(true),
    runAsUser: z.int().positive(),
    seccompProfile: z.strictObject({ type: z.literal('RuntimeDefault') }),
    sysctls: absent,
  }),
  volumes: z.array(volume),
  containers: z.array(container).min(1),
});

/** What keeps a pod from being admitted where `restricted` is enforced (and our read-only root); none when it may. */
export function podSecurityProblems(spec: unknown): string[] {
  const result = podSpec.safeParse(spec);
  return (result.error?.issues ?? []).map((issue) => `${issue.path.join('.')}: ${issue.message}`);
}
