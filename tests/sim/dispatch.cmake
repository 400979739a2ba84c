wb_test(sim_dispatch_test TIER sim SOURCES ${CMAKE_SOURCE_DIR}/tests/sim/dispatch_test.c
  DEPS wb_simcell wb_toy wb_svc_dispatch)
wb_test(sim_dispatch_ticket_test TIER sim SOURCES ${CMAKE_SOURCE_DIR}/tests/sim/dispatch_ticket_test.c
  DEPS wb_simcell wb_svc_intake wb_svc_dispatch)
