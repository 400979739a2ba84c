wb_test(calendar_random TIER property TIMEOUT 300
  SOURCES ${CMAKE_SOURCE_DIR}/tests/property/calendar_random.c ${CMAKE_SOURCE_DIR}/tests/property/calendar_oracle.c
  DEPS wb_calendar)
# The oracle steps through billions of seconds.
target_compile_options(calendar_random PRIVATE -O2)
