/**
 * The ways out of a tenant's data into systems of the tenant's own. It decides nothing about what goes out, keeps nothing, and
 * connects only where it is sent. The pipeline and the API call it through ports.
 */
export { KafkaTarget, type KafkaTargetOptions } from './kafka/kafka-target.ts';
