constructor(private readonly policy: App['policy']) {}
