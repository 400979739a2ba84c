wb_test(sim_reporting_test TIER sim SOURCES ${CMAKE_SOURCE_DIR}/tests/sim/reporting_test.c
  DEPS wb_simcell wb_svc_intake wb_svc_dispatch wb_svc_sla_timer wb_svc_reporting)
