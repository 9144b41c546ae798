import Testing

@testable import QuestionKit

@Suite struct StoreLocationTests {
    @Test func aRelativeDataHomeIsIgnored() {
        #expect(StoreLocation.dataHome(variable: "/data", home: "/home/a") == "/data")
        for variable in [nil, "", "data"] {
            #expect(StoreLocation.dataHome(variable: variable, home: "/home/a") == "/home/a/.local/share")
        }
    }

    @Test func aDatabaseIsNamedAfterItsGenerator() {
        #expect(StoreLocation.database(generator: nil).hasSuffix("/animal-faces"))
        #expect(StoreLocation.database(generator: "/models/ffhq.v2.pkl").hasSuffix("/ffhq.v2"))
        #expect(StoreLocation.database(generator: "/").hasSuffix("/animal-faces") == false)
    }
}
