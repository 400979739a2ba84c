wb_test(sim_story_test TIER sim SOURCES ${CMAKE_SOURCE_DIR}/tests/sim/story_test.c DEPS wb_demo_world TIMEOUT 600)
