/** The part of asterisk-manager 0.2.0 that `ami-connection.ts` uses; it brings no types of its own. */
declare module 'asterisk-manager' {
  interface Manager {
    on(event: 'rawevent', listener: (frame: unknown) => void): void;
    removeAllListeners(event: string): void;
    /** Gives an action's callback its answer. */
    emit(actionId: string, refusal: unknown): void;
    connect(port: number | string, host: string, connected: () => void): void;
    /** `done` gets the whole frame when Asterisk refuses. */
    login(done: (refusal?: unknown) => void): void;
    action(headers: Readonly<Record<string, string>>): string;
  }
  const Manager: new (port: null, host: string, user: string, secret: string, events: 'on') => Manager;
  export = Manager;
}
