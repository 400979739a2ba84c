# ./dev itself: what it does with folders of every kind, and what its closing line counts.
add_test(NAME unit.dev COMMAND ${CMAKE_SOURCE_DIR}/tools/dev/run_test.sh)
set_tests_properties(unit.dev PROPERTIES LABELS unit TIMEOUT 120)
