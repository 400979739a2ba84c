wb_test(sim_sla_test TIER sim TIMEOUT 300 SOURCES ${CMAKE_SOURCE_DIR}/tests/sim/sla_test.c
  DEPS wb_simcell wb_svc_sla_timer)
