#!/usr/bin/env python3
"""Writes sim/aws/instance_type_table.inc from a CSV of EC2's limits.

Usage: generate_instance_types.py LIMITS.csv > sim/aws/instance_type_table.inc

Columns: instance_type, max_enis, ipv4_per_eni, hypervisor (nitro, xen or unknown), as the VPC CNI's
vpc_ip_resource_limit.go has them. The table is sorted by bytes, so that C++ finds a type by bisection.
"""
import csv
import sys


def main() -> None:
    with open(sys.argv[1], newline="") as file:
        rows = sorted(csv.DictReader(file), key=lambda row: row["instance_type"].encode())
    print("// Written by tools/dev/generate_instance_types.py; sorted by name.")
    for row in rows:
        print(f'{{"{row["instance_type"]}", {int(row["max_enis"])}, {int(row["ipv4_per_eni"])}, '
              f'Hypervisor::{row["hypervisor"]}}},')


if __name__ == "__main__":
    main()
