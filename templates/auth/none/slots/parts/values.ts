auth: anonymous(),
