/*
 * Names of the durable consumers of a tenant's events. The part before the colon says which relay serves a consumer.
 */

export const FEED_CONSUMER = 'feed';
export const WEBHOOK_CONSUMERS = 'webhook';

export const webhookConsumer = (webhookId: string): string => `${WEBHOOK_CONSUMERS}:${webhookId}`;

/** The webhook of a consumer's name; null where the consumer is none. */
export const webhookOfConsumer = (consumer: string): string | null =>
  consumer.startsWith(`${WEBHOOK_CONSUMERS}:`) ? consumer.slice(WEBHOOK_CONSUMERS.length + 1) : null;
