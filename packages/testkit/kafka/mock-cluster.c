/*
 * A Kafka cluster in one process, by librdkafka's mock, whose faults are ordered on standard input, a line each:
 *
 *   topic NAME PARTITIONS          makes a topic, replicated to every broker
 *   down BROKER | up BROKER        a broker refuses connections, and accepts them again; brokers count from 1
 *   leader NAME PARTITION BROKER   moves a partition
 *   fail API COUNT CODE            the next COUNT requests of an API (0 Produce, 3 Metadata) get an error code
 *   heal API                       takes those errors back that are left
 *   slow BROKER MILLISECONDS       answers of a broker come late
 *
 * It prints the bootstrap servers, then `done` for each order. It ends with its input.
 */
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_FAULTS 1000

static const char *obey(rd_kafka_mock_cluster_t *cluster, int brokers, const char *line) {
    char topic[250];
    int a, b, c;
    if (sscanf(line, "topic %249s %d", topic, &a) == 2)
        return rd_kafka_mock_topic_create(cluster, topic, a, brokers) ? "failed" : "done";
    if (sscanf(line, "down %d", &a) == 1)
        return rd_kafka_mock_broker_set_down(cluster, a) ? "failed" : "done";
    if (sscanf(line, "up %d", &a) == 1)
        return rd_kafka_mock_broker_set_up(cluster, a) ? "failed" : "done";
    if (sscanf(line, "leader %249s %d %d", topic, &a, &b) == 3)
        return rd_kafka_mock_partition_set_leader(cluster, topic, a, b) ? "failed" : "done";
    if (sscanf(line, "slow %d %d", &a, &b) == 2)
        return rd_kafka_mock_broker_set_rtt(cluster, a, b) ? "failed" : "done";
    if (sscanf(line, "heal %d", &a) == 1) {
        rd_kafka_mock_clear_request_errors(cluster, (int16_t)a);
        return "done";
    }
    if (sscanf(line, "fail %d %d %d", &a, &b, &c) == 3 && b >= 0 && b <= MAX_FAULTS) {
        rd_kafka_resp_err_t errors[MAX_FAULTS];
        for (int i = 0; i < b; i++) errors[i] = (rd_kafka_resp_err_t)c;
        rd_kafka_mock_push_request_errors_array(cluster, (int16_t)a, (size_t)b, errors);
        return "done";
    }
    return "unknown";
}

int main(int argc, char **argv) {
    char line[512], error[512];
    int brokers = argc > 1 ? atoi(argv[1]) : 1;
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_t *handle = rd_kafka_new(RD_KAFKA_PRODUCER, conf, error, sizeof error);
    if (!handle) {
        fprintf(stderr, "%s\n", error);
        return 1;
    }
    rd_kafka_mock_cluster_t *cluster = rd_kafka_mock_cluster_new(handle, brokers);
    if (!cluster) return 1;
    printf("%s\n", rd_kafka_mock_cluster_bootstraps(cluster));
    fflush(stdout);
    while (fgets(line, sizeof line, stdin)) {
        printf("%s\n", obey(cluster, brokers, line));
        fflush(stdout);
    }
    rd_kafka_mock_cluster_destroy(cluster);
    rd_kafka_destroy(handle);
    return 0;
}
