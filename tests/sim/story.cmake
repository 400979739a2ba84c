wb_library(wb_play SOURCES ${CMAKE_SOURCE_DIR}/tests/sim/play.c DEPS wb_demo_world)
wb_test(sim_story_test TIER sim SOURCES ${CMAKE_SOURCE_DIR}/tests/sim/story_test.c DEPS wb_play TIMEOUT 600)
# ./dev sim
wb_program(sim SOURCES ${CMAKE_SOURCE_DIR}/tests/sim/sim.c DEPS wb_play)
set_target_properties(sim PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
