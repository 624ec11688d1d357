POLICY_PATH: file.prefault('policy.yaml'),
