UNIT_LIBS_test_select_bpf := -lpcap
