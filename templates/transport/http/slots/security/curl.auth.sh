curl -i $url -d '{}' -H 'content-type: application/json'                                      # 401
