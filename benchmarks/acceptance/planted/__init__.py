"""Broken networks whose cause is known, written without a look at the thresholds that name causes; sets are not changed once measured."""
