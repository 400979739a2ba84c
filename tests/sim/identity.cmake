wb_test(sim_identity_test TIER sim SOURCES ${CMAKE_SOURCE_DIR}/tests/sim/identity_test.c
  DEPS wb_simcell wb_toy wb_svc_identity)
