resources: [...listed],
