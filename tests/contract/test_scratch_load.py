import time, cProfile, pstats
from tests.fixtures.fact_checks import *
from tests.fixtures.corpora import Recorder
from tests.fixtures.data import data_lines
def test_load(committing_api, own_database):
    rec = FactCheckRecorder(committing_api.create); ev=Recorder(committing_api.create)
    for name,r in (("liar_valid",rec),("factckbr",rec),("averitec_all_minus_dev",rec),("ucdp_2016",ev)):
        L=[l for l in data_lines(name) if is_statement(l)][:300]
        t=time.process_time(); w=time.time()
        if r is rec:
            for l in L:
                if is_named(l): rec.speaker(l)
        a=time.process_time()-t
        for i in range(0,len(L),100): r.claims(L[i:i+100])
        print("\n@@",name,"cpu ms/claim",(time.process_time()-t)/len(L)*1000,"speakers",a/len(L)*1000,"wall",time.time()-w)
