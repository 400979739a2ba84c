foreach(t cases clocks check)
  wb_test(calendar_${t} TIER unit
    SOURCES ${CMAKE_SOURCE_DIR}/tests/unit/calendar_${t}.c ${CMAKE_SOURCE_DIR}/tests/unit/calendar_made.c
    DEPS wb_calendar)
endforeach()
foreach(t zone ics)
  wb_test(calendar_${t} TIER unit
    SOURCES ${CMAKE_SOURCE_DIR}/tests/unit/calendar_${t}.c ${CMAKE_SOURCE_DIR}/tests/unit/calendar_made.c
    DEPS wb_calendar_import)
endforeach()
