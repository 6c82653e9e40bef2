/** A measurement that goes on until somebody ends it. */
export const ENDLESS = {
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'AnalysisTemplate',
  metadata: { name: 'endless' },
  spec: {
    metrics: [
      {
        name: 'errors',
        initialDelay: '1h',
        provider: { prometheus: { address: 'http://127.0.0.1:9', query: 'errors' } },
      },
    ],
  },
};

export const MEASURED = { templates: [{ templateName: 'endless' }] };
